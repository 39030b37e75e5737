{% import "macros" as sql %}
{% block up %}
{% filter alter_table %}
{% for column in columns if column.plaintext and column.not_null %}
    ALTER COLUMN {{ column.plaintext|q }} DROP NOT NULL,
{% endfor %}
{% endfilter %}
{% for column in columns if column.plaintext %}
{{ sql.create_relax(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- If a row has no plaintext, this migration fails.
{% for column in columns if column.plaintext %}
{{ sql.drop_relax(column) }}
{% endfor %}
{% filter alter_table %}
{% for column in columns if column.plaintext and column.not_null %}
    ALTER COLUMN {{ column.plaintext|q }} SET NOT NULL,
{% endfor %}
{% endfilter %}
{% endblock %}
