{% import "macros" as sql %}
{% block up %}
-- Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`.
{% filter alter_table %}
{% for column in columns if column.is_limited %}
    ALTER COLUMN {{ column.name|q }} TYPE text{{ sql.collate(column) }},
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- It fails where a value has become too long.
{% filter alter_table %}
{% for column in columns if column.is_limited %}
    ALTER COLUMN {{ column.name|q }} TYPE {{ sql.plaintext_type(column) }},
{% endfor %}
{% endfilter %}
{% endblock %}
