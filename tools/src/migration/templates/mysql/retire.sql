{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{% for column in rotating %}
{{ sql.drop_trigger(column, "first") }}
{% endfor %}
{% filter alter_table %}
{% for column in rotating %}
{% for second in column.second_indexes %}
    DROP COLUMN {{ second.first|q }},
{% endfor %}
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- Adds the first columns again, without values.
{% filter alter_table %}
{% for column in rotating %}
{% for second in column.second_indexes %}
    ADD COLUMN {{ sql.index_column(second.first, second.bytes) }}
{{ sql.add_index(second.first, second.unique) }}
{% endfor %}
{% endfor %}
{% endfilter %}
{% for column in rotating %}
{{ sql.create_first(column) }}
{% endfor %}
{% endblock %}
