{# The parts of PostgreSQL's statements. #}

{# A native value that is bound to its column, or to its row: flags 0x01 and 0x05. As text, 0xA1, the flags and two bits of the key id are three
   characters. #}
{% macro bound(column) %}
{% if column.storage == "text" %}
{{ column.name|q }} COLLATE "C" ~ '^de1[.]oQ[{{ column.binding.class }}]'
{%- else %}
get_byte({{ column.name|q }}, 0) = 161 AND get_byte({{ column.name|q }}, 1) & {{ column.binding.mask }} = {{ column.binding.mask }}
{%- endif %}
{% endmacro %}

{# A plaintext changed, by its bytes: a collation takes `Bob` and `BOB` for equal. #}
{% macro changed(name) %}
NEW.{{ name|q }}::text COLLATE "C" IS DISTINCT FROM OLD.{{ name|q }}::text COLLATE "C"
{%- endmacro %}

{% macro differs(name) %}
NEW.{{ name|q }} IS DISTINCT FROM OLD.{{ name|q }}
{%- endmacro %}

{% macro is_same(name) %}
NEW.{{ name|q }} IS NOT DISTINCT FROM OLD.{{ name|q }}
{%- endmacro %}

{% macro collate(column) %}
{% if column.collation %} COLLATE {{ column.collation|q }}{% endif %}
{% endmacro %}

{% macro plaintext_type(column) %}
{% if column.plaintext_type %}{{ column.plaintext_type }}{% else %}text{% endif %}{{ collate(column) }}
{%- endmacro %}

{# The domains of `migrations/postgresql`, unless they are there. Tables share them, so nothing drops them. #}
{% macro create_domains(binary=false, text=false, index=false, tokens=false) %}
{% set value %}VALUE{% endset %}
{% filter do_block %}
{% if binary %}
IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext') AND typtype = 'd') THEN
    CREATE DOMAIN ciphertext AS bytea CHECK (
        {{ value|ciphertext("binary")|indent(4) }}
    );
END IF;
{% endif %}
{% if text %}
IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext_text') AND typtype = 'd') THEN
    CREATE DOMAIN ciphertext_text AS text COLLATE "C" CHECK (
        {{ value|ciphertext("text")|indent(4) }}
    );
END IF;
{% endif %}
{% if index %}
IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
    CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
END IF;
{% endif %}
{% if tokens %}
IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('search_tokens') AND typtype = 'd') THEN
    CREATE DOMAIN search_tokens AS bytea[];
END IF;
{% endif %}
{% endfilter %}
{% endmacro %}

{# Clauses of ALTER TABLE, or of CREATE TABLE. Online, constraints of the table take the place of the domains: for new values at once, for old ones when
   they are validated. #}
{% macro add_ciphertext(column, required=false) %}
{% if online %}
    ADD COLUMN {{ column.name|q }} {% if column.storage == "text" %}text COLLATE "C"{% else %}bytea{% endif %}{{ not_null(required) }},
{{ add_shape(column) }}
{% else %}
    {{ add_column() }}{{ column.name|q }} {% if column.storage == "text" %}ciphertext_text{% else %}ciphertext{% endif %}{{ not_null(required) }},
{% endif %}
{% endmacro %}

{% macro add() %}
{% if not new_table %}ADD {% endif %}
{% endmacro %}

{% macro add_column() %}
{% if not new_table %}ADD COLUMN {% endif %}
{% endmacro %}

{% macro not_null(required) %}
{% if required %} NOT NULL{% endif %}
{% endmacro %}

{% macro add_shape(column) %}
{% set value %}{% if column.storage == "text" %}({{ column.name|q }}::text COLLATE "C"){% else %}{{ column.name|q }}{% endif %}{% endset %}
    ADD CONSTRAINT {{ column.name|object("shape")|q }} CHECK (
        {{ value|ciphertext(column.storage)|indent(4) }}
    ) NOT VALID,
{% endmacro %}

{% macro add_index_column(name, bytes, required=false) %}
{% if online %}
    ADD COLUMN {{ name|q }} bytea{{ not_null(required) }},
    ADD CONSTRAINT {{ name|object("shape")|q }} CHECK (octet_length({{ name|q }}) = {{ bytes }}) NOT VALID,
{% else %}
    {{ add_column() }}{{ name|q }} blind_index{{ not_null(required) }}
        CONSTRAINT {{ name|object("shape")|q }} CHECK (octet_length({{ name|q }}) = {{ bytes }}),
{% endif %}
{% endmacro %}

{% macro add_tokens_column(index, required=false) %}
    {{ add_column() }}{{ index.name|q }} {% if online %}bytea[]{% else %}search_tokens{% endif %}{{ not_null(required) }},
{% endmacro %}

{% macro create_index(name, unique, concurrently=false, is_tokens=false) %}
CREATE {% if unique %}UNIQUE {% endif %}INDEX {% if concurrently %}CONCURRENTLY {% endif %}{{ name|object("idx")|q }} ON {{ table.name|qualified }}{% if is_tokens %} USING gin{% endif %} ({{ name|q }});
{% endmacro %}

{% macro drop_index(name, concurrently=false) %}
DROP INDEX {% if concurrently %}CONCURRENTLY {% endif %}IF EXISTS {{ name|object("idx")|qualified }};
{% endmacro %}

{# The indexes that become UNIQUE, or what they were. #}
{% macro replace_indexes(column, unique) %}
{% for index in column.indexes if index.becomes_unique %}
{{ drop_index(index.name) }}
{{ create_index(index.name, unique) }}
{% endfor %}
{% endmacro %}

{# Everything or nothing, while nobody else writes to the table. #}
{% macro locked() %}
{% filter do_block %}
LOCK TABLE {{ table.name|qualified }} IN ACCESS EXCLUSIVE MODE;
{{ caller() }}
{% endfilter %}
{% endmacro %}

{# Fails where a row meets the condition. #}
{% macro refuse(message) %}
IF EXISTS (SELECT FROM {{ table.name|qualified }} WHERE {{ caller()|trim }}) THEN
    RAISE EXCEPTION USING MESSAGE = {{ message|literal }};
END IF;
{% endmacro %}

{% macro create_trigger(column, kind) %}
CREATE FUNCTION {{ column.name|object(kind)|qualified }}() RETURNS trigger LANGUAGE plpgsql AS {% filter dollar_quoted %}
BEGIN
{{ caller() }}
    RETURN NEW;
END
{% endfilter %};
CREATE TRIGGER {{ column.name|object(kind)|q }} BEFORE UPDATE ON {{ table.name|qualified }}
    FOR EACH ROW EXECUTE FUNCTION {{ column.name|object(kind)|qualified }}();
{% endmacro %}

{% macro drop_trigger(column, kind) %}
DROP TRIGGER {{ column.name|object(kind)|q }} ON {{ table.name|qualified }};
DROP FUNCTION {{ column.name|object(kind)|qualified }}();
{% endmacro %}

{% macro row_key_changed(column) %}
{% for name in column.row_key %}{{ changed(name) }}{% if not loop.last %} OR {% endif %}{% endfor %}
{% endmacro %}

{# The values are bound to the key, so they cannot be decrypted under another one. A row that moves to another partition fires no trigger
   AFTER UPDATE. #}
{% macro create_row_key(column) %}
CREATE FUNCTION {{ column.name|object("row_key")|qualified }}() RETURNS trigger LANGUAGE plpgsql AS {% filter dollar_quoted %}
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = {{ column.row_key_message|literal }};
END
{% endfilter %};
CREATE TRIGGER {{ column.name|object("row_key")|q }} BEFORE UPDATE ON {{ table.name|qualified }}
    FOR EACH ROW WHEN (
        NEW.{{ column.name|q }} = OLD.{{ column.name|q }}
        AND ({{ row_key_changed(column)|trim }})
    )
    EXECUTE FUNCTION {{ column.name|object("row_key")|qualified }}();
{% endmacro %}

{% macro create_backfill(column) %}
{% call create_trigger(column, "backfill") %}
{% if column.plaintext %}
    IF {{ changed(column.plaintext) }}
        AND {{ is_same(column.name) }} THEN
        NEW.{{ column.name|q }} := NULL;
{% else %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
    IF {{ changed(column.name) }}
        AND ({{ new|ciphertext_in_place }}) IS NOT TRUE THEN
{% endif %}
{% for index in column.indexes %}
        NEW.{{ index.name|q }} := NULL;
{% endfor %}
    END IF;
{% endcall %}
{% endmacro %}

{# A new program writes the ciphertext alone: the old plaintext would refuse others as a duplicate. #}
{% macro create_relax(column) %}
{% call create_trigger(column, "relax") %}
    IF {{ differs(column.name) }}
        AND NOT ({{ changed(column.plaintext) }}) THEN
        NEW.{{ column.plaintext|q }} := NULL;
    END IF;
{% endcall %}
{% endmacro %}

{# The step may have been left out. #}
{% macro drop_relax(column) %}
DROP TRIGGER IF EXISTS {{ column.name|object("relax")|q }} ON {{ table.name|qualified }};
DROP FUNCTION IF EXISTS {{ column.name|object("relax")|qualified }}();
{% endmacro %}

{# An old program writes the first index alone: where it changed, the second is that of another value. #}
{% macro create_shadow(column) %}
{% call create_trigger(column, "shadow") %}
{% for second in column.second_indexes %}
    IF {% if second.source == column.name and column.in_place %}{{ changed(second.source) }}{% else %}{{ differs(second.source) }}{% endif +%}
        AND {{ is_same(second.name) }} THEN
        NEW.{{ second.name|q }} := NULL;
    END IF;
{% endfor %}
{% endcall %}
{% endmacro %}

{# A new program writes the second index alone: the old first one would refuse others as a duplicate. #}
{% macro create_first(column) %}
{% call create_trigger(column, "first") %}
{% for second in column.second_indexes %}
    IF {{ differs(second.name) }}
        AND {{ is_same(second.first) }} THEN
        NEW.{{ second.first|q }} := NULL;
    END IF;
{% endfor %}
{% endcall %}
{% endmacro %}
