{% import "macros" as sql %}
{% macro added() %}
{% for column in columns %}
{% set required %}{% if column.not_null %} NOT NULL{% endif %}{% endset %}
    {{ sql.add_column() }}{{ column.name|q }} {{ sql.ciphertext_type(column) }}{{ required }},
{% for index in column.indexes %}
    {{ sql.add_column() }}{{ sql.declared_index(index, column.not_null) }}
{% endfor %}
{% endfor %}
{% for column in columns %}
{% for index in column.indexes if not index.token_table %}
{{ sql.add_index(index.name, index.unique or index.becomes_unique) }}
{% endfor %}
{{ sql.add_shape(column) }}
{% if column.strict %}
{% call sql.add_check(column, column.binding.kind) %}
{{ sql.bound(column) }}
{% endcall %}
{% endif %}
{% endfor %}
{% endmacro %}
{% block up %}
{% if new_table %}
{% filter create_table %}
    {{ new_key|q }} BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
{{ added() }}
{% endfilter %}
{% else %}
{% if columns|selectattr("not_null")|list %}
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
{% endif %}
{% filter alter_table %}
{{ added() }}
{% endfilter %}
{% endif %}
{% for column in columns if column.row_key %}
{{ sql.create_row_key(column) }}
{% endfor %}
{{ sql.create_token_tables() }}
{% endblock %}

{% block down %}
{% if new_table %}
-- Drops the table and its rows.
{{ sql.drop_token_tables() }}
DROP TABLE {{ table.name|qualified }};
{% else %}
-- Drops the encrypted columns and their values.
{% for column in columns if column.row_key %}
{{ sql.drop_trigger(column, "row_key") }}
{% endfor %}
{{ sql.drop_token_tables() }}
{% filter alter_table %}
{% for column in columns %}
    DROP COLUMN {{ column.name|q }},
{% for index in column.indexes %}
{% if not index.token_table %}
{{ sql.drop_index(index.name) }}
{% endif %}
    DROP COLUMN {{ index.name|q }},
{% endfor %}
{{ sql.drop_check(column, "shape") }}
{% if column.strict %}
{{ sql.drop_check(column, column.binding.kind) }}
{% endif %}
{% endfor %}
{% endfilter %}
{% endif %}
{% endblock %}
