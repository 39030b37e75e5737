{# The parts of MySQL's and MariaDB's statements. #}

{# A native value that is bound to its column, or to its row: flags 0x01 and 0x05. As text, 0xA1, the flags and two bits of the key id are three
   characters. #}
{% macro bound(column) %}
{% if column.storage == "text" %}
LEFT({{ column.name|q }}, 6) = 'de1.oQ' AND SUBSTR({{ column.name|q }}, 7, 1) IN ({{ column.binding.letters }})
{%- else %}
ORD(LEFT({{ column.name|q }}, 1)) = 161 AND ORD(SUBSTR({{ column.name|q }}, 2, 1)) & {{ column.binding.mask }} = {{ column.binding.mask }}
{%- endif %}
{% endmacro %}

{# A value changed, by its bytes: a collation takes `Bob` and `BOB` for equal. #}
{% macro changed(name) %}
NOT ({{ is_same(name) }})
{%- endmacro %}

{% macro is_same(name) %}
CAST(OLD.{{ name|q }} AS BINARY) <=> CAST(NEW.{{ name|q }} AS BINARY)
{%- endmacro %}

{% macro collate(column) %}
{% if column.collation %} COLLATE {{ column.collation|q }}{% endif %}
{% endmacro %}

{% macro plaintext_type(column) %}
{{ column.plaintext_type }}{{ collate(column) }}
{%- endmacro %}

{# A column that holds plaintext and ciphertext. MODIFY without a collation would convert the plaintexts to the table's. #}
{% macro wide_type(column) %}
{{ column.mysql_type }}{{ collate(column) }}{{ nullable(column) }}
{%- endmacro %}

{# A column that holds nothing but ciphertext. #}
{% macro ciphertext_type(column) %}
{{ column.mysql_type }}{% if column.storage == "text" %} CHARACTER SET ascii COLLATE ascii_bin{% endif %}
{% endmacro %}

{% macro nullable(column) %}
{% if column.not_null %} NOT NULL{% else %} NULL{% endif %}
{% endmacro %}

{# An index column. The tools know it by its comment, because any short binary column has the same type. #}
{% macro index_column(name, bytes, required=false) %}
{{ index_type(name, bytes, required) }} CHECK ({{ has_length(name, bytes) }}),
{% endmacro %}

{# MODIFY drops the CHECK and the comment on MariaDB. On MySQL, the CHECK remains, and another one would be added. #}
{% macro modify_index_column(name, bytes, required=false) %}
    MODIFY COLUMN {{ index_type(name, bytes, required) }} /*M! CHECK ({{ has_length(name, bytes) }}) */,
{% endmacro %}

{% macro index_type(name, bytes, required) %}
{{ name|q }} VARBINARY({{ bytes }}){% if required %} NOT NULL{% endif %} COMMENT 'diesel-envelope: blind index'
{%- endmacro %}

{% macro has_length(name, bytes) %}
OCTET_LENGTH({{ name|q }}) = {{ bytes }}
{%- endmacro %}

{# Clauses of ALTER TABLE, or of CREATE TABLE. #}
{% macro add() %}
{% if not new_table %}ADD {% endif %}
{% endmacro %}

{% macro add_column() %}
{% if not new_table %}ADD COLUMN {% endif %}
{% endmacro %}

{# A column of digests, or of search tokens. #}
{% macro declared_index(index, required=false) %}
{% if index.token_table %}{{ tokens_type(index, required) }},{% else %}{{ index_column(index.name, index.bytes, required) }}{% endif %}
{% endmacro %}

{% macro modify_declared_index(index, required=false) %}
{% if index.token_table %}
    MODIFY COLUMN {{ tokens_type(index, required) }},
{% else %}
{{ modify_index_column(index.name, index.bytes, required) }}
{% endif %}
{% endmacro %}

{% macro tokens_type(index, required) %}
{{ index.name|q }} BLOB{% if required %} NOT NULL{% endif %} COMMENT 'diesel-envelope: blind index, search tokens'
{%- endmacro %}

{% macro insert_tokens(index) %}
WHILE place < LENGTH(NEW.{{ index.name|q }}) DO
        INSERT INTO {{ index.token_table|qualified }} ({{ "token"|q }}, {{ key|q }})
            VALUES (SUBSTRING(NEW.{{ index.name|q }}, place, {{ index.bytes }}){% for name in key %}, NEW.{{ name|q }}{% endfor %});
        SET place = place + {{ index.bytes }};
    END WHILE;
{%- endmacro %}

{# The token table of a column, and the triggers that write it with each row. Its key has the types of the row's key. The foreign key deletes the
   tokens of rows that another table's foreign key deletes: no trigger fires there. #}
{% macro create_token_table(index) %}
CREATE TABLE {{ index.token_table|qualified }} (
    {{ "token"|q }} BINARY({{ index.bytes }}) NOT NULL,
    PRIMARY KEY ({{ "token"|q }}, {{ key|q }})
) SELECT CAST('' AS BINARY({{ index.bytes }})) AS {{ "token"|q }}, {{ key|q }} FROM {{ table.name|qualified }} WHERE FALSE;
ALTER TABLE {{ index.token_table|qualified }}
    ADD CONSTRAINT {{ index.name|object("row")|q }} FOREIGN KEY ({{ key|q }}) REFERENCES {{ table.name|qualified }} ({{ key|q }})
        ON DELETE CASCADE ON UPDATE CASCADE;
CREATE TRIGGER {{ index.name|object("insert")|qualified }} AFTER INSERT ON {{ table.name|qualified }} FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    {{ insert_tokens(index) }}
END;
CREATE TRIGGER {{ index.name|object("update")|qualified }} AFTER UPDATE ON {{ table.name|qualified }} FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    IF {{ changed(index.name) }} THEN
        DELETE FROM {{ index.token_table|qualified }} WHERE {% for name in key %}{{ name|q }} = NEW.{{ name|q }}{% if not loop.last %} AND {% endif %}{% endfor %};
    {{ insert_tokens(index) }}
    END IF;
END;
{% endmacro %}

{% macro drop_token_table(index) %}
DROP TRIGGER IF EXISTS {{ index.name|object("insert")|qualified }};
DROP TRIGGER IF EXISTS {{ index.name|object("update")|qualified }};
DROP TABLE {{ index.token_table|qualified }};
{% endmacro %}

{% macro create_token_tables() %}
{% for column in columns %}
{% for index in column.indexes if index.token_table %}
{{ create_token_table(index) }}
{% endfor %}
{% endfor %}
{% endmacro %}

{% macro drop_token_tables() %}
{% for column in columns %}
{% for index in column.indexes if index.token_table %}
{{ drop_token_table(index) }}
{% endfor %}
{% endfor %}
{% endmacro %}

{% macro add_index(name, unique) %}
    {{ add() }}{% if unique %}UNIQUE {% endif %}INDEX {{ name|object("idx")|q }} ({{ name|q }}),
{% endmacro %}

{% macro drop_index(name) %}
    DROP INDEX {{ name|object("idx")|q }},
{% endmacro %}

{# The indexes that become UNIQUE, or what they were. #}
{% macro replace_indexes(column, unique) %}
{% for index in column.indexes if index.becomes_unique %}
{{ drop_index(index.name) }}
{{ add_index(index.name, unique) }}
{% endfor %}
{% endmacro %}

{% macro add_check(column, kind) %}
    {{ add() }}CONSTRAINT {{ column.name|object(kind)|q }} CHECK (
        {{ caller()|trim|indent(8) }}
    ),
{% endmacro %}

{% macro add_shape(column) %}
{% set value %}{{ column.name|q }}{% endset %}
{% call add_check(column, "shape") %}
{{ value|ciphertext(column.storage) }}
{% endcall %}
{% endmacro %}

{% macro drop_check(column, kind) %}
    DROP CONSTRAINT {{ column.name|object(kind)|q }},
{% endmacro %}

{# Without strict mode a value that is too long is cut, and a NULL becomes an empty value, without an error. #}
{% macro strictly() %}
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
{{ caller() }}
SET SESSION sql_mode = @diesel_envelope_sql_mode;
{% endmacro %}

{# Fails where a row does not meet the condition, by the name of a constraint. A constraint of the table with that name follows, for the
   rows that are written meanwhile; by itself, MariaDB would look at NOT NULL first, and say that data was truncated. #}
{% macro require(column) %}
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT {{ column.name|object("complete")|q }} CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM {{ table.name|qualified }} WHERE NOT ({{ caller()|trim }}) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
{% endmacro %}

{# Every row is encrypted, and its indexes find it. #}
{% macro is_complete(column) %}
{% filter conditions %}
{% if column.plaintext %}
({{ column.plaintext|q }} IS NULL OR {{ column.name|q }} IS NOT NULL)
{% endif %}
{% for index in column.indexes %}
({{ column.name|q }} IS NULL OR {{ index.name|q }} IS NOT NULL)
{% endfor %}
{% endfilter %}
{% endmacro %}

{# The second indexes find every row. #}
{% macro has_second_indexes(column) %}
{% filter conditions %}
{% for second in column.second_indexes %}
({{ column.name|q }} IS NULL OR {{ second.name|q }} IS NOT NULL)
{% endfor %}
{% endfilter %}
{% endmacro %}

{# One statement, which every client sends whole. #}
{% macro create_trigger(column, kind) %}
CREATE TRIGGER {{ column.name|object(kind)|qualified }} BEFORE UPDATE ON {{ table.name|qualified }} FOR EACH ROW SET
{% filter clauses %}
{{ caller() }}
{% endfilter %};
{% endmacro %}

{# An assignment of a trigger: the column becomes NULL under a condition. #}
{% macro null_if(name) %}
    NEW.{{ name|q }} = IF(
        {{ caller()|trim }},
        NULL, NEW.{{ name|q }}
    ),
{% endmacro %}

{% macro drop_trigger(column, kind) %}
DROP TRIGGER {{ column.name|object(kind)|qualified }};
{% endmacro %}

{% macro row_key_changed(column) %}
{% for name in column.row_key %}{{ changed(name) }}{% if not loop.last %} OR {% endif %}{% endfor %}
{% endmacro %}

{# The values are bound to the key, so they cannot be decrypted under another one. #}
{% macro create_row_key(column) %}
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER {{ column.name|object("row_key")|qualified }} BEFORE UPDATE ON {{ table.name|qualified }} FOR EACH ROW
IF NEW.{{ column.name|q }} IS NOT NULL AND {{ is_same(column.name) }}
    AND ({{ row_key_changed(column)|trim }})
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = {{ column.row_key_message|signal_text }};
END IF;
{% endmacro %}

{# The assignments see those before them: the column that the condition reads is the last. #}
{% macro create_backfill(column) %}
{% call create_trigger(column, "backfill") %}
{% for index in column.indexes %}
{% call null_if(index.name) %}
{{ needs_backfill(column) }}
{% endcall %}
{% endfor %}
{% if column.plaintext %}
{% call null_if(column.name) %}
{{ needs_backfill(column) }}
{% endcall %}
{% endif %}
{% endcall %}
{% endmacro %}

{% macro needs_backfill(column) %}
{% if column.plaintext %}
{{ changed(column.plaintext) }}
        AND {{ is_same(column.name) }}
{% else %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
{{ changed(column.name) }}
        AND ({{ new|ciphertext_in_place }}) IS NOT TRUE
{% endif %}
{% endmacro %}

{# A new program writes the ciphertext alone: the old plaintext would refuse others as a duplicate. #}
{% macro create_relax(column) %}
{% call create_trigger(column, "relax") %}
{% call null_if(column.plaintext) %}
{{ changed(column.name) }}
        AND {{ is_same(column.plaintext) }}
{% endcall %}
{% endcall %}
{% endmacro %}

{# The step may have been left out. #}
{% macro drop_relax(column) %}
DROP TRIGGER IF EXISTS {{ column.name|object("relax")|qualified }};
{% endmacro %}

{# An old program writes the first index alone: where it changed, the second is that of another value. #}
{% macro create_shadow(column) %}
{% call create_trigger(column, "shadow") %}
{% for second in column.second_indexes %}
{% call null_if(second.name) %}
{{ changed(second.source) }}
        AND {{ is_same(second.name) }}
{% endcall %}
{% endfor %}
{% endcall %}
{% endmacro %}

{# A new program writes the second index alone: the old first one would refuse others as a duplicate. #}
{% macro create_first(column) %}
{% call create_trigger(column, "first") %}
{% for second in column.second_indexes %}
{% call null_if(second.first) %}
{{ changed(second.name) }}
        AND {{ is_same(second.first) }}
{% endcall %}
{% endfor %}
{% endcall %}
{% endmacro %}
