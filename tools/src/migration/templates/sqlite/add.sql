{% import "macros" as sql %}
{% block up %}
{% for column in columns %}
{% if not column.in_place %}
{% set value %}{{ column.name|q }}{% endset %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ value }} {% if column.storage == "text" %}TEXT COLLATE BINARY{% else %}BLOB{% endif %} CHECK ({{ value }} IS NULL OR {{ value|ciphertext(column.storage) }});
{% endif %}
{% for index in column.indexes %}
{% if index.token_table %}
{{ sql.add_tokens_column(index) }}
{{ sql.create_token_table(index) }}
{% else %}
{{ sql.add_index_column(index.name, index.bytes) }}
{{ sql.create_index(index.name, index.unique) }}
{% endif %}
{% endfor %}
{% endfor %}
{% for column in columns if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endfor %}
{% for column in columns if column.row_key %}
{{ sql.create_row_key(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
{{ sql.lock() }}
{% for column in columns if column.plaintext %}
{% call sql.refuse(column.full_name ~ " has values that have no plaintext: they would be lost") %}
{{ column.name|q }} IS NOT NULL AND {{ column.plaintext|q }} IS NULL
{% endcall %}
{% endfor %}
{% for column in columns if column.has_backfill %}
{{ sql.drop_trigger(column.name, "backfill") }}
{% endfor %}
{% for column in columns if column.row_key %}
{{ sql.drop_trigger(column.name, "row_key") }}
{% endfor %}
{% for column in columns %}
{% if not column.in_place %}
{{ sql.drop_column(column.name) }}
{% endif %}
{% for index in column.indexes %}
{% if index.token_table %}
{{ sql.drop_token_table(index) }}
{% else %}
{{ sql.drop_index(index.name) }}
{% endif %}
{{ sql.drop_column(index.name) }}
{% endfor %}
{% endfor %}
{% endblock %}
