{% import "macros" as sql %}
{% block up %}
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
{{ sql.lock() }}
{% for column in columns %}
{% set value %}{{ column.name|q }}{% endset %}
{% if column.plaintext %}
{% call sql.refuse(table.full_name ~ "." ~ column.plaintext ~ " has plaintexts that are not encrypted in " ~ column.name) %}
{{ column.plaintext|q }} IS NOT NULL AND {{ value }} IS NULL
{% endcall %}
{% endif %}
{% if column.in_place %}
{% call sql.refuse(column.full_name ~ " has plaintexts, or Fernet tokens that are not in their canonical form") %}
{{ value }} IS NOT NULL AND NOT ({{ value|ciphertext_in_place }})
{% endcall %}
{% elif column.not_null %}
{% call sql.refuse(column.full_name ~ " has rows without a value") %}
{{ value }} IS NULL
{% endcall %}
{% endif %}
{% for index in column.indexes %}
{% call sql.refuse(column.full_name ~ " has values that " ~ index.name ~ " does not find") %}
{{ value }} IS NOT NULL AND {{ index.name|q }} IS NULL
{% endcall %}
{% endfor %}
{% endfor %}
{% for column in columns %}
{% if column.has_backfill %}
{{ sql.drop_trigger(column.name, "backfill") }}
{% endif %}
{% if column.plaintext %}
{{ sql.drop_trigger(column.name, "relax") }}
{% endif %}
{% if column.in_place %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
{% call sql.create_constraint(column.name, "shape", column.full_name ~ " takes only ciphertext") %}
{{ new }} IS NOT NULL AND NOT ({{ new|ciphertext(column.storage) }})
{% endcall %}
{% endif %}
{% for name in column.required %}
{{ sql.create_required(name) }}
{% endfor %}
{{ sql.replace_indexes(column, true) }}
{% if column.plaintext %}
{{ sql.drop_column(column.plaintext) }}
{% endif %}
{% endfor %}
{% endblock %}

{% block down %}
-- Adds the plaintext columns again, without values: a migration cannot decrypt.
{% for column in columns %}
{% for name in column.required %}
{{ sql.drop_constraint(name, "required") }}
{% endfor %}
{% if column.in_place %}
{{ sql.drop_constraint(column.name, "shape") }}
{% endif %}
{{ sql.replace_indexes(column, false) }}
{% if column.plaintext %}
ALTER TABLE {{ table.name|qualified }}
    ADD COLUMN {{ column.plaintext|q }} {% if column.plaintext_type %}{{ column.plaintext_type }}{% else %}TEXT{% endif %}{% if column.collation %} COLLATE {{ column.collation|q }}{% endif %};
{% endif %}
{% if column.has_backfill %}
{{ sql.create_backfill(column) }}
{% endif %}
{% endfor %}
{% endblock %}
