{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{{ sql.lock() }}
{% for column in rotating %}
{% for second in column.second_indexes %}
{% call sql.refuse(column.full_name ~ " has values that " ~ second.name ~ " does not find") %}
{{ column.name|q }} IS NOT NULL AND {{ second.name|q }} IS NULL
{% endcall %}
{% endfor %}
{% endfor %}
{% for column in rotating %}
{{ sql.drop_trigger(column.name, "shadow") }}
{{ sql.create_first(column) }}
{% for second in column.second_indexes %}
{{ sql.create_index(second.name, second.unique) }}
{% if column.not_null %}
{{ sql.create_required(second.name) }}
{% endif %}
{# The next program does not write the first index any more. #}
{{ sql.drop_constraint(second.first, "required") }}
{% endfor %}
{% endfor %}
{% endblock %}

{% block down %}
-- Restores the state after the step shadow.
{% for column in rotating %}
{% for second in column.second_indexes %}
{{ sql.drop_index(second.name) }}
{% if column.not_null %}
{{ sql.drop_constraint(second.name, "required") }}
{{ sql.create_required(second.first) }}
{% endif %}
{% endfor %}
{% endfor %}
{% for column in rotating %}
{{ sql.drop_trigger(column.name, "first") }}
{{ sql.create_shadow(column) }}
{% endfor %}
{% endblock %}
