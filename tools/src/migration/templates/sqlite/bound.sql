{% import "macros" as sql %}
{% block up %}
{{ sql.lock() }}
{% for column in columns %}
{% set value %}{{ column.name|q }}{% endset %}
{% call sql.refuse(column.full_name ~ " has values that are not bound to it") %}
{{ value }} IS NOT NULL AND NOT ({{ sql.bound(value, column.storage) }})
{% endcall %}
{% endfor %}
{% for column in columns %}
{% set new %}NEW.{{ column.name|q }}{% endset %}
{% call sql.create_constraint(column.name, "bound", column.full_name ~ " takes only native values that are bound to it") %}
{{ new }} IS NOT NULL AND NOT ({{ sql.bound(new, column.storage) }})
{% endcall %}
{% endfor %}
{% endblock %}

{% block down %}
-- Accepts every ciphertext again.
{% for column in columns %}
{{ sql.drop_constraint(column.name, "bound") }}
{% endfor %}
{% endblock %}
