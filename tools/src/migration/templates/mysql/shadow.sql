{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{% filter alter_table %}
{% for column in rotating %}
{% for second in column.second_indexes %}
    ADD COLUMN {{ sql.index_column(second.name, second.bytes) }}
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating %}
{{ sql.create_shadow(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- Drops the second columns.
{% for column in rotating %}
{{ sql.drop_trigger(column, "shadow") }}
{% endfor %}
{% filter alter_table %}
{% for column in rotating %}
{% for second in column.second_indexes %}
    DROP COLUMN {{ second.name|q }},
{% endfor %}
{% endfor %}
{% endfilter %}
{% endblock %}
