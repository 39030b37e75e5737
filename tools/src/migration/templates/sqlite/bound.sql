{% import "macros" as sql %}
{% block up %}
{{ sql.lock() }}
{% for column in columns %}
{% set value %}{{ column.name|q }}{% endset %}
{% call sql.refuse(column.full_name ~ " has values that are not bound to " ~ column.binding.target) %}
{{ value }} IS NOT NULL AND NOT ({{ sql.bound(value, column) }})
{% endcall %}
{% endfor %}
{% for column in columns %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
{% call sql.create_constraint(column.name, column.binding.kind, column.full_name ~ " takes only native values that are bound to " ~ column.binding.target) %}
{{ new }} IS NOT NULL AND NOT ({{ sql.bound(new, column) }})
{% endcall %}
{% endfor %}
{% endblock %}

{% block down %}
-- Accepts every ciphertext again.
{% for column in columns %}
{{ sql.drop_constraint(column.name, column.binding.kind) }}
{% endfor %}
{% endblock %}
