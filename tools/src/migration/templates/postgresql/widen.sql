{% import "macros" as sql %}
{% block up %}
-- Running programs have to reconnect: their prepared statements fail with `cached plan must not change result type`.
{% filter alter_table %}
{% for column in columns if column.is_limited %}
    ALTER COLUMN {{ column.name|q }} TYPE text{{ sql.collate(column) }},
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- If a value is too long for the old type, this migration fails.
{% filter alter_table %}
{% for column in columns if column.is_limited %}
    ALTER COLUMN {{ column.name|q }} TYPE {{ sql.plaintext_type(column) }},
{% endfor %}
{% endfilter %}
{% endblock %}
