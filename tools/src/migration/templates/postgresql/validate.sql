{% block up %}
-- Old values are checked too, beside the readers and writers of the table.
{% filter alter_table %}
{% for name in constraints %}
    VALIDATE CONSTRAINT {{ name|q }},
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- Nothing to take back.
SELECT 1;
{% endblock %}
