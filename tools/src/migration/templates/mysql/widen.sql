{% import "macros" as sql %}
{% block up %}
-- Repeat a DEFAULT or COMMENT of the columns here: MODIFY forgets it.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.wide_type(column) }},
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}

{% block down %}
-- It fails where a value has become too long.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.plaintext_type(column) }}{{ sql.nullable(column) }},
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}
