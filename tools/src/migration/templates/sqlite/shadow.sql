{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
{% for column in rotating %}
{% for second in column.second_indexes %}
{{ sql.add_index_column(second.name, second.bytes) }}
{% endfor %}
{% endfor %}
{% for column in rotating %}
{{ sql.create_shadow(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- Drops the second columns.
{% for column in rotating %}
{{ sql.drop_trigger(column.name, "shadow") }}
{% endfor %}
{% for column in rotating %}
{% for second in column.second_indexes %}
{{ sql.drop_column(second.name) }}
{% endfor %}
{% endfor %}
{% endblock %}
