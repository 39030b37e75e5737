{% import "macros" as sql %}
{% set rotating = columns|selectattr("second_indexes")|list %}
{% block up %}
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
{% for column in rotating %}
{{ sql.drop_trigger(column.name, "first") }}
{% endfor %}
{% for column in rotating %}
{% for second in column.second_indexes %}
{{ sql.drop_index(second.first) }}
{{ sql.drop_column(second.first) }}
{% endfor %}
{% endfor %}
{% endblock %}

{% block down %}
-- Adds the first columns again, without values.
{% for column in rotating %}
{% for second in column.second_indexes %}
{{ sql.add_index_column(second.first, second.bytes) }}
{{ sql.create_index(second.first, second.unique) }}
{% endfor %}
{% endfor %}
{% for column in rotating %}
{{ sql.create_first(column) }}
{% endfor %}
{% endblock %}
