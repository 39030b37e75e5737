{% import "macros" as sql %}
{% set retyped = columns|selectattr("in_place")|list if not online else [] %}
{% block up %}
-- PostgreSQL also drops the indexes that contain a plaintext column.
-- PostgreSQL keeps the bytes of a dropped column in the rows until the table is rewritten.
-- When traffic is low, run VACUUM FULL; or run pg_repack, which does not block readers and writers.
{% if retyped %}
-- Running programs have to reconnect: their prepared statements fail with `cached plan must not change result type`.
-- The option `--online` avoids this.
{{ sql.create_domains(text=true) }}
{% endif %}
{% call sql.locked() %}
{% for column in columns %}
{% if column.plaintext %}
{% call sql.refuse(table.full_name ~ "." ~ column.plaintext ~ " has plaintexts that are not encrypted in " ~ column.name) %}
{{ column.plaintext|q }} IS NOT NULL AND {{ column.name|q }} IS NULL
{% endcall %}
{% endif %}
{% if column.in_place %}
{% call sql.refuse(column.full_name ~ " has plaintexts, or Fernet tokens that are not in their canonical form") %}
{% set value %}{{ column.name|q }}{% endset %}
({{ value|ciphertext_in_place }}) IS FALSE
{% endcall %}
{% endif %}
{% for index in column.indexes %}
{% call sql.refuse(column.full_name ~ " has values that " ~ index.name ~ " does not find") %}
{{ column.name|q }} IS NOT NULL AND {{ index.name|q }} IS NULL
{% endcall %}
{% endfor %}
{% endfor %}
{% for column in columns if column.has_backfill %}
{{ sql.drop_trigger(column, "backfill") }}
{% endfor %}
{% for column in columns if column.plaintext %}
{{ sql.drop_relax(column) }}
{% endfor %}
{% filter alter_table %}
{% for column in columns %}
{% for name in column.required %}
    ALTER COLUMN {{ name|q }} SET NOT NULL,
{% endfor %}
{% if column.plaintext %}
    DROP COLUMN {{ column.plaintext|q }},
{% endif %}
{% if column.in_place and online %}
{{ sql.add_shape(column) }}
{% elif column.in_place %}
    ALTER COLUMN {{ column.name|q }} DROP DEFAULT,
    ALTER COLUMN {{ column.name|q }} TYPE ciphertext_text,
{% endif %}
{% endfor %}
{% endfilter %}
{% for column in columns %}
{{ sql.replace_indexes(column, true) }}
{% endfor %}
{% endcall %}
{% endblock %}

{% block down %}
-- Adds the plaintext columns again, without values: a migration cannot decrypt.
{% for column in columns %}
{{ sql.replace_indexes(column, false) }}
{% endfor %}
{% filter alter_table %}
{% for column in columns %}
{% for name in column.required %}
    ALTER COLUMN {{ name|q }} DROP NOT NULL,
{% endfor %}
{% if column.plaintext %}
    ADD COLUMN {{ column.plaintext|q }} {{ sql.plaintext_type(column) }},
{% endif %}
{% if column.in_place and online %}
    DROP CONSTRAINT {{ column.name|object("shape")|q }},
{% elif column.in_place %}
    ALTER COLUMN {{ column.name|q }} TYPE {% if column.is_citext %}citext{% else %}text{% endif %}{{ sql.collate(column) }},
{% endif %}
{% endfor %}
{% endfilter %}
{% for column in columns if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endfor %}
{% endblock %}
