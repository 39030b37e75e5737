{% import "macros" as sql %}
{% block up %}
{% filter alter_table %}
{% for column in columns %}
{% if not column.in_place %}
    ADD COLUMN {{ column.name|q }} {{ sql.ciphertext_type(column) }},
{% endif %}
{% for index in column.indexes %}
    ADD COLUMN {{ sql.declared_index(index) }}
{% if not index.token_table %}
{{ sql.add_index(index.name, index.unique) }}
{% endif %}
{% endfor %}
{% if not column.in_place %}
{{ sql.add_shape(column) }}
{% endif %}
{% endfor %}
{% endfilter %}
{{ sql.create_token_tables() }}
{% for column in columns if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endfor %}
{% for column in columns if column.row_key %}
{{ sql.create_row_key(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
{% filter alter_table %}
{% for column in columns if column.plaintext %}
{% call sql.add_check(column, "complete") %}
{{ column.name|q }} IS NULL OR {{ column.plaintext|q }} IS NOT NULL
{% endcall %}
{% endfor %}
{% endfilter %}
{% for column in columns if column.has_backfill %}
{{ sql.drop_trigger(column, "backfill") }}
{% endfor %}
{% for column in columns if column.row_key %}
{{ sql.drop_trigger(column, "row_key") }}
{% endfor %}
{{ sql.drop_token_tables() }}
{% filter alter_table %}
{% for column in columns %}
{% if not column.in_place %}
    DROP COLUMN {{ column.name|q }},
{% endif %}
{% for index in column.indexes %}
{% if not index.token_table %}
{{ sql.drop_index(index.name) }}
{% endif %}
    DROP COLUMN {{ index.name|q }},
{% endfor %}
{% if not column.in_place %}
{{ sql.drop_check(column, "shape") }}
{% endif %}
{% if column.plaintext %}
{{ sql.drop_check(column, "complete") }}
{% endif %}
{% endfor %}
{% endfilter %}
{% endblock %}
