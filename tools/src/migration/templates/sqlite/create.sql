{% import "macros" as sql %}
{% macro ciphertext(column) %}
{% set value %}{{ column.name|q }}{% endset %}
{{ value }} {% if column.storage == "text" %}TEXT COLLATE BINARY{% else %}BLOB{% endif %}{% if column.not_null %} NOT NULL{% endif %} CHECK ({% if not column.not_null %}{{ value }} IS NULL OR {% endif %}{{ value|ciphertext(column.storage) }}){% if column.strict %} CHECK ({{ sql.bound(value, column)|trim }}){% endif %}
{% endmacro %}
{% macro blind_index(column, index) %}
{{ index.name|q }} BLOB{% if column.not_null %} NOT NULL{% endif %} CHECK ({% if not column.not_null %}{{ index.name|q }} IS NULL OR {% endif %}{% if index.token_table %}{{ sql.is_tokens(index)|trim }}{% else %}typeof({{ index.name|q }}) = 'blob' AND length({{ index.name|q }}) = {{ index.bytes }}{% endif %})
{%- endmacro %}
{% block up %}
{% if new_table %}
{% filter create_table %}
    {{ new_key|q }} INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Add the other columns here.
{% for column in columns %}
    {{ ciphertext(column)|trim|indent(4) }},
{% for index in column.indexes %}
    {{ blind_index(column, index)|trim }},
{% endfor %}
{% endfor %}
{% endfilter %}
{% else %}
{% if columns|selectattr("not_null")|list %}
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
{% endif %}
{% for column in columns %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ ciphertext(column)|trim }};
{% for index in column.indexes %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ blind_index(column, index)|trim }};
{% endfor %}
{% endfor %}
{% endif %}
{% for column in columns %}
{% for index in column.indexes %}
{% if index.token_table %}
{{ sql.create_token_table(index) }}
{% else %}
{{ sql.create_index(index.name, index.unique or index.becomes_unique) }}
{% endif %}
{% endfor %}
{% endfor %}
{% for column in columns if column.row_key %}
{{ sql.create_row_key(column) }}
{% endfor %}
{% endblock %}

{% block down %}
{% if new_table %}
-- Drops the table and its rows.
DROP TABLE {{ table.name|qualified }};
{% for column in columns %}
{% for index in column.indexes if index.token_table %}
DROP TABLE {{ index.token_table|qualified }};
{% endfor %}
{% endfor %}
{% else %}
-- Drops the encrypted columns and their values.
{% for column in columns if column.row_key %}
{{ sql.drop_trigger(column.name, "row_key") }}
{% endfor %}
{% for column in columns %}
{{ sql.drop_column(column.name) }}
{% for index in column.indexes %}
{% if index.token_table %}
{{ sql.drop_token_table(index) }}
{% else %}
{{ sql.drop_index(index.name) }}
{% endif %}
{{ sql.drop_column(index.name) }}
{% endfor %}
{% endfor %}
{% endif %}
{% endblock %}
