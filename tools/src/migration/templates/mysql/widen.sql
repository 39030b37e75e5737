{% import "macros" as sql %}
{% block up %}
-- If a column has a DEFAULT or a COMMENT, repeat it here: MODIFY removes it.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.wide_type(column) }},
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}

{% block down %}
-- If a value is too long for the old type, this migration fails.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.in_place %}
    MODIFY COLUMN {{ column.name|q }} {{ sql.plaintext_type(column) }}{{ sql.nullable(column) }},
{% endfor %}
{% endfilter %}
{% endcall %}
{% endblock %}
