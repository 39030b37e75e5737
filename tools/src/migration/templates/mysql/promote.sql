{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{% call sql.strictly() %}
{% for column in rotating %}
{% call sql.require(column) %}
{{ sql.has_second_indexes(column) }}
{% endcall %}
{% endfor %}
{# The next program does not write the first index any more. #}
{% filter alter_table %}
{% for column in rotating %}
{% call sql.add_check(column, "complete") %}
{{ sql.has_second_indexes(column) }}
{% endcall %}
{% for second in column.second_indexes %}
{% if column.not_null %}
{{ sql.modify_index_column(second.name, second.bytes, true) }}
{{ sql.modify_index_column(second.first, second.bytes) }}
{% endif %}
{{ sql.add_index(second.name, second.unique) }}
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating %}
{{ sql.drop_trigger(column, "shadow") }}
{{ sql.create_first(column) }}
{% endfor %}
{% filter alter_table %}
{% for column in rotating %}
{{ sql.drop_check(column, "complete") }}
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}

{% block down %}
-- Restores the state after the step shadow.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in rotating %}
{% for second in column.second_indexes %}
{% if column.not_null %}
{{ sql.modify_index_column(second.name, second.bytes) }}
{{ sql.modify_index_column(second.first, second.bytes, true) }}
{% endif %}
{{ sql.drop_index(second.name) }}
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating %}
{{ sql.drop_trigger(column, "first") }}
{{ sql.create_shadow(column) }}
{% endfor %}
{% endcall %}
{% endblock %}
