{% block up %}
-- Checks the existing values too, without blocking readers or writers of the table.
{% filter alter_table %}
{% for name in constraints %}
    VALIDATE CONSTRAINT {{ name|q }},
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- There is nothing to undo.
SELECT 1;
{% endblock %}
