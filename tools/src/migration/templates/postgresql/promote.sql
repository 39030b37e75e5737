{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{% call sql.locked() %}
{% for column in rotating %}
{% for second in column.second_indexes %}
{% call sql.refuse(column.full_name ~ " has values that " ~ second.name ~ " does not find") %}
{{ column.name|q }} IS NOT NULL AND {{ second.name|q }} IS NULL
{% endcall %}
{% endfor %}
{% endfor %}
{% for column in rotating %}
{{ sql.drop_trigger(column, "shadow") }}
{{ sql.create_first(column) }}
{% endfor %}
{# The next program does not write the first index any more. #}
{% filter alter_table %}
{% for column in rotating if column.not_null %}
{% for second in column.second_indexes %}
    ALTER COLUMN {{ second.name|q }} SET NOT NULL,
    ALTER COLUMN {{ second.first|q }} DROP NOT NULL,
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating if not online %}
{% for second in column.second_indexes %}
{{ sql.create_index(second.name, second.unique) }}
{% endfor %}
{% endfor %}
{% endcall %}
{% endblock %}

{% block down %}
-- Restores the state after the step shadow.
{% for column in rotating if not online %}
{% for second in column.second_indexes %}
{{ sql.drop_index(second.name) }}
{% endfor %}
{% endfor %}
{% filter alter_table %}
{% for column in rotating if column.not_null %}
{% for second in column.second_indexes %}
    ALTER COLUMN {{ second.name|q }} DROP NOT NULL,
    ALTER COLUMN {{ second.first|q }} SET NOT NULL,
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating %}
{{ sql.drop_trigger(column, "first") }}
{{ sql.create_shadow(column) }}
{% endfor %}
{% endblock %}
