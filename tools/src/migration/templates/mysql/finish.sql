{% import "macros" as sql %}
{# Everything that can fail is in the first ALTER TABLE or before it: there are no transactions around what changes a table. #}
{% block up %}
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
{% call sql.strictly() %}
{% for column in columns %}
{% if column.in_place %}
{% call sql.require(column) %}
{% set value %}{{ column.name|q }}{% endset %}
{{ value }} IS NULL OR {{ value|ciphertext_in_place }}
{% endcall %}
{% endif %}
{% if column.plaintext or column.indexes %}
{% call sql.require(column) %}
{{ sql.is_complete(column) }}
{% endcall %}
{% endif %}
{% endfor %}
{% filter alter_table %}
{% for column in columns %}
{% if column.plaintext or column.indexes %}
{% call sql.add_check(column, "complete") %}
{{ sql.is_complete(column) }}
{% endcall %}
{% endif %}
{% if column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.ciphertext_type(column) }}{{ sql.nullable(column) }},
{{ sql.add_shape(column) }}
{% elif column.not_null %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.ciphertext_type(column) }} NOT NULL,
{% endif %}
{% for index in column.indexes if column.not_null %}
{{ sql.modify_declared_index(index, true) }}
{% endfor %}
{{ sql.replace_indexes(column, true) }}
{% endfor %}
{% endfilter %}
{% for column in columns if column.has_backfill %}
{{ sql.drop_trigger(column, "backfill") }}
{% endfor %}
{% for column in columns if column.plaintext %}
{{ sql.drop_relax(column) }}
{% endfor %}
{% filter alter_table %}
{% for column in columns %}
{% if column.plaintext or column.indexes %}
{{ sql.drop_check(column, "complete") }}
{% endif %}
{% if column.plaintext %}
    DROP COLUMN {{ column.plaintext|q }},
{% endif %}
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}

{% block down %}
-- Adds the plaintext columns again, without values: a migration cannot decrypt.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns %}
{% if column.not_null and not column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.ciphertext_type(column) }},
{% endif %}
{% for index in column.indexes if column.not_null %}
{{ sql.modify_declared_index(index) }}
{% endfor %}
{% if column.in_place %}
{{ sql.drop_check(column, "shape") }}
    MODIFY COLUMN {{ column.name|q }} {{ sql.wide_type(column) }},
{% endif %}
{{ sql.replace_indexes(column, false) }}
{% if column.plaintext %}
    ADD COLUMN {{ column.plaintext|q }} {{ sql.plaintext_type(column) }} NULL,
{% endif %}
{% endfor %}
{% endfilter %}
{% for column in columns if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endfor %}
{% endcall %}
{% endblock %}
