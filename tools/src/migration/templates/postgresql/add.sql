{% import "macros" as sql %}
{% block up %}
{% if not online %}
-- PostgreSQL rewrites the table, because the type of the new column is a domain.
{% set added = columns|rejectattr("in_place")|list %}
{{ sql.create_domains(added|selectattr("storage", "eq", "binary")|list, added|selectattr("storage", "eq", "text")|list, has_digests, has_tokens) }}
{% endif %}
{% filter alter_table %}
{% for column in columns %}
{% if not column.in_place %}
{{ sql.add_ciphertext(column) }}
{% endif %}
{% for index in column.indexes %}
{% if index.token_table %}
{{ sql.add_tokens_column(index) }}
{% else %}
{{ sql.add_index_column(index.name, index.bytes) }}
{% endif %}
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in columns %}
{% for index in column.indexes if not online %}
{{ sql.create_index(index.name, index.unique, false, index.token_table) }}
{% endfor %}
{% if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endif %}
{% if column.row_key %}
{{ sql.create_row_key(column) }}
{% endif %}
{% endfor %}
{% endblock %}

{% block down %}
-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
{% call sql.locked() %}
{% for column in columns %}
{% if column.plaintext %}
{% call sql.refuse(column.full_name ~ " has values that have no plaintext: they would be lost") %}
{{ column.name|q }} IS NOT NULL AND {{ column.plaintext|q }} IS NULL
{% endcall %}
{% endif %}
{% if column.has_backfill %}
{{ sql.drop_trigger(column, "backfill") }}
{% endif %}
{% if column.row_key %}
{{ sql.drop_trigger(column, "row_key") }}
{% endif %}
{% endfor %}
{% filter alter_table %}
{% for column in columns %}
{% if not column.in_place %}
    DROP COLUMN {{ column.name|q }},
{% endif %}
{% for index in column.indexes %}
    DROP COLUMN {{ index.name|q }},
{% endfor %}
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}
