{% import "macros" as sql %}
{% block up %}
{% for column in columns if column.row_key %}
{{ sql.create_row_key(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- The key of a row can change again, which makes the values that are bound to it unreadable.
{% for column in columns if column.row_key %}
{{ sql.drop_trigger(column.name, "row_key") }}
{% endfor %}
{% endblock %}
