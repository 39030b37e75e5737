{# The parts of SQLite's statements. #}

{# A native value that is bound to its column, or to its row: flags 0x01 and 0x05. As text, 0xA1, the flags and two bits of the key id are three
   characters. #}
{% macro bound(value, column) %}
{% if column.storage == "text" %}
{{ value }} GLOB 'de1.oQ[{{ column.binding.class }}]*'
{%- else %}
substr({{ value }}, 1, 1) = x'a1' AND substr({{ value }}, 2, 1) IN ({{ column.binding.flags }})
{%- endif %}
{% endmacro %}

{# A value changed, by its bytes: a collation takes `Bob` and `BOB` for equal. #}
{% macro changed(name) %}
(NEW.{{ name|q }} COLLATE BINARY IS NOT OLD.{{ name|q }} COLLATE BINARY OR typeof(NEW.{{ name|q }}) <> typeof(OLD.{{ name|q }}))
{%- endmacro %}

{% macro is_same(name) %}
NEW.{{ name|q }} IS OLD.{{ name|q }}
{%- endmacro %}

{% macro add_index_column(name, bytes) %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ name|q }} BLOB CHECK ({{ name|q }} IS NULL OR typeof({{ name|q }}) = 'blob' AND length({{ name|q }}) = {{ bytes }});
{% endmacro %}

{% macro add_tokens_column(index) %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ index.name|q }} BLOB CHECK ({{ index.name|q }} IS NULL OR {{ is_tokens(index)|trim }});
{% endmacro %}

{% macro is_tokens(index) %}
typeof({{ index.name|q }}) = 'blob' AND length({{ index.name|q }}) % {{ index.bytes }} = 0
{% endmacro %}

{# The tokens of a row, each with the key of the row. `json_each` counts them: an array has as many elements as there are tokens. #}
{% macro tokens_of(row, index) %}
{% set tokens %}{{ row }}.{{ index.name|q }}{% endset %}
SELECT substr({{ tokens }}, 1 + {{ index.bytes }} * json_each.key, {{ index.bytes }}){% for name in key %}, {{ row }}.{{ name|q }}{% endfor +%}
        FROM json_each('[' || substr(replace(hex(zeroblob(length({{ tokens }}) / {{ index.bytes }})), '00', ',0'), 2) || ']')
{%- endmacro %}

{% macro insert_tokens(index) %}
{% set row %}NEW{% endset %}
    INSERT OR IGNORE INTO {{ index.token_table|q }} ({{ "token"|q }}, {{ key|q }})
        {{ tokens_of(row, index) }};
{% endmacro %}

{% macro delete_tokens(index) %}
{% set row %}OLD{% endset %}
    DELETE FROM {{ index.token_table|q }} WHERE ({{ "token"|q }}, {{ key|q }}) IN (
        {{ tokens_of(row, index) }});
{% endmacro %}

{# The token table of a column, and the triggers that write it with each row. #}
{% macro create_token_table(index) %}
CREATE TABLE {{ index.token_table|qualified }} (
    {{ "token"|q }} BLOB NOT NULL,
{% for name in key %}
    {{ name|q }} NOT NULL,
{% endfor %}
    PRIMARY KEY ({{ "token"|q }}, {{ key|q }})
) WITHOUT ROWID;
CREATE TRIGGER {{ index.name|object("insert")|qualified }} AFTER INSERT ON {{ table.name|q }}
WHEN length(NEW.{{ index.name|q }}) > 0
BEGIN
{{ insert_tokens(index) }}
END;
CREATE TRIGGER {{ index.name|object("update")|qualified }} AFTER UPDATE ON {{ table.name|q }}
WHEN NEW.{{ index.name|q }} IS NOT OLD.{{ index.name|q }}{% for name in key %} OR NEW.{{ name|q }} IS NOT OLD.{{ name|q }}{% endfor +%}
BEGIN
{{ delete_tokens(index) }}
{{ insert_tokens(index) }}
END;
CREATE TRIGGER {{ index.name|object("delete")|qualified }} AFTER DELETE ON {{ table.name|q }}
BEGIN
{{ delete_tokens(index) }}
END;
{% endmacro %}

{% macro drop_token_table(index) %}
{{ drop_trigger(index.name, "insert") }}
{{ drop_trigger(index.name, "update") }}
{{ drop_trigger(index.name, "delete") }}
DROP TABLE {{ index.token_table|qualified }};
{% endmacro %}

{% macro drop_column(name) %}
ALTER TABLE {{ table.name|qualified }}
    DROP COLUMN {{ name|q }};
{% endmacro %}

{# The schema precedes the name of the index, not that of its table. #}
{% macro create_index(name, unique) %}
CREATE {% if unique %}UNIQUE {% endif %}INDEX {{ name|object("idx")|qualified }} ON {{ table.name|q }} ({{ name|q }});
{% endmacro %}

{% macro drop_index(name) %}
DROP INDEX IF EXISTS {{ name|object("idx")|qualified }};
{% endmacro %}

{# The indexes that become UNIQUE, or what they were. #}
{% macro replace_indexes(column, unique) %}
{% for index in column.indexes if index.becomes_unique %}
{{ drop_index(index.name) }}
{{ create_index(index.name, unique) }}
{% endfor %}
{% endmacro %}

{# Begins with a write, of no row: a transaction that read before it writes cannot wait for another writer, and fails with `database is
   locked`. #}
{% macro lock() %}
{% for column in columns[:1] %}
UPDATE {{ table.name|qualified }} SET {{ column.name|q }} = {{ column.name|q }} WHERE 0;
{% endfor %}
{% endmacro %}

{# Fails where a row meets the condition: with the message, which is the name of the constraint that the row breaks. #}
{% macro refuse(message) %}
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT {{ message|q }} CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM {{ table.name|qualified }} WHERE {{ caller()|trim }} LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
{% endmacro %}

{# The row of a trigger, by its key, and where the table has none by its `rowid`. #}
{% macro is_this_row() %}
{% for name in primary_key %}
{{ name|q }} IS NEW.{{ name|q }}{% if not loop.last %} AND {% endif %}
{% else %}
rowid IS NEW.rowid
{%- endfor %}
{% endmacro %}

{% macro drop_trigger(name, kind) %}
DROP TRIGGER IF EXISTS {{ name|object(kind)|qualified }};
{% endmacro %}

{# No trigger writes to a column that it watches, so that none fires itself, recursive triggers or not. #}
{% macro create_backfill(column) %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
CREATE TRIGGER {{ column.name|object("backfill")|qualified }} AFTER UPDATE OF {{ (column.plaintext or column.name)|q }} ON {{ table.name|q }}
{% if column.plaintext %}
WHEN {{ changed(column.plaintext) }}
    AND {{ is_same(column.name) }}
{% else %}
WHEN {{ changed(column.name) }}
    AND ({{ new|ciphertext_in_place }}) IS NOT 1
{% endif %}
BEGIN
    UPDATE {{ table.name|q }} SET {% if column.plaintext %}{{ column.name|q }} = NULL{% if column.indexes %}, {% endif %}{% endif %}
{% for index in column.indexes %}{{ index.name|q }} = NULL{% if not loop.last %}, {% endif %}{% endfor %} WHERE {{ is_this_row() }};
END;
{% endmacro %}

{% macro row_key_changed(column) %}
{% for name in column.row_key %}{{ changed(name) }}{% if not loop.last %} OR {% endif %}{% endfor %}
{% endmacro %}

{# The values are bound to the key, so they cannot be decrypted under another one. An UPDATE can name an INTEGER PRIMARY KEY `rowid`, so the
   trigger watches every column. #}
{% macro create_row_key(column) %}
CREATE TRIGGER {{ column.name|object("row_key")|qualified }} BEFORE UPDATE ON {{ table.name|q }}
WHEN NEW.{{ column.name|q }} IS NOT NULL AND NOT {{ changed(column.name) }}
    AND ({{ row_key_changed(column)|trim }})
BEGIN
    SELECT RAISE(ABORT, {{ column.row_key_message|literal }});
END;
{% endmacro %}

{# A new program writes the ciphertext alone: the old plaintext would refuse others as a duplicate. #}
{% macro create_relax(column) %}
CREATE TRIGGER {{ column.name|object("relax")|qualified }} AFTER UPDATE OF {{ column.name|q }} ON {{ table.name|q }}
WHEN {{ changed(column.name) }}
    AND NOT {{ changed(column.plaintext) }}
BEGIN
    UPDATE {{ table.name|q }} SET {{ column.plaintext|q }} = NULL WHERE {{ is_this_row() }};
END;
{% endmacro %}

{# An old program writes the first index alone: where it changed, the second is that of another value. #}
{% macro create_shadow(column) %}
CREATE TRIGGER {{ column.name|object("shadow")|qualified }} AFTER UPDATE OF {{ column.second_sources|q }} ON {{ table.name|q }}
WHEN {% for second in column.second_indexes %}
{{ changed(second.source) }}{% if not loop.last +%}
    OR {% endif %}
{% endfor +%}
BEGIN
{% for second in column.second_indexes %}
    UPDATE {{ table.name|q }} SET {{ second.name|q }} = NULL WHERE {{ is_this_row() }} AND {{ is_same(second.name) }} AND {{ changed(second.source) }};
{% endfor %}
END;
{% endmacro %}

{# A new program writes the second index alone: the old first one would refuse others as a duplicate. Unless the first is NOT NULL by
   CREATE TABLE, which SQLite does not take back. #}
{% macro create_first(column) %}
CREATE TRIGGER {{ column.name|object("first")|qualified }} AFTER UPDATE OF {{ column.second_indexes|map(attribute="name")|list|q }} ON {{ table.name|q }}
WHEN {% for second in column.second_indexes %}
{{ changed(second.name) }}{% if not loop.last +%}
    OR {% endif %}
{% endfor +%}
BEGIN
{% for second in column.second_indexes %}
    UPDATE OR IGNORE {{ table.name|q }} SET {{ second.first|q }} = NULL WHERE {{ is_this_row() }} AND {{ is_same(second.first) }} AND {{ changed(second.name) }};
{% endfor %}
END;
{% endmacro %}

{# Triggers in place of a constraint: they refuse rows in which the condition is true. #}
{% macro create_constraint(name, kind, message) %}
CREATE TRIGGER {{ name|object(kind ~ "_insert")|qualified }} BEFORE INSERT ON {{ table.name|q }}
WHEN {{ caller()|trim }}
BEGIN
    SELECT RAISE(ABORT, {{ message|literal }});
END;
CREATE TRIGGER {{ name|object(kind ~ "_update")|qualified }} BEFORE UPDATE OF {{ name|q }} ON {{ table.name|q }}
WHEN {{ caller()|trim }}
BEGIN
    SELECT RAISE(ABORT, {{ message|literal }});
END;
{% endmacro %}

{% macro drop_constraint(name, kind) %}
{{ drop_trigger(name, kind ~ "_insert") }}
{{ drop_trigger(name, kind ~ "_update") }}
{% endmacro %}

{% macro create_required(name) %}
{% call create_constraint(name, "required", table.full_name ~ "." ~ name ~ " may not be NULL") %}
NEW.{{ name|q }} IS NULL
{% endcall %}
{% endmacro %}
