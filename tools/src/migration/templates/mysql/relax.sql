{% import "macros" as sql %}
{% block up %}
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.plaintext and column.not_null %}
    MODIFY COLUMN {{ column.plaintext|q }} {{ sql.plaintext_type(column) }} NULL,
{% endfor %}
{% endfilter %}
{% for column in columns if column.plaintext %}
{{ sql.create_relax(column) }}
{% endfor %}
{% endcall %}
{% endblock %}

{% block down %}
-- If a row has no plaintext, this migration fails.
{% call sql.strictly() %}
{% filter alter_table %}
{% for column in columns if column.plaintext and column.not_null %}
    MODIFY COLUMN {{ column.plaintext|q }} {{ sql.plaintext_type(column) }} NOT NULL,
{% endfor %}
{% endfilter %}
{% for column in columns if column.plaintext %}
{{ sql.drop_relax(column) }}
{% endfor %}
{% endcall %}
{% endblock %}
