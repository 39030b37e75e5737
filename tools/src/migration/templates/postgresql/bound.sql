{% import "macros" as sql %}
{% block up %}
{% filter alter_table %}
{% for column in columns %}
    ADD CONSTRAINT {{ column.name|object(column.binding.kind)|q }} CHECK ({{ sql.bound(column) }}){% if online %} NOT VALID{% endif %},
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- Accepts every ciphertext again.
{% filter alter_table %}
{% for column in columns %}
    DROP CONSTRAINT {{ column.name|object(column.binding.kind)|q }},
{% endfor %}
{% endfilter %}
{% endblock %}
