{% import "macros" as sql %}
{% block up %}
{% filter alter_table %}
{% for column in columns %}
{% call sql.add_check(column, column.binding.kind) %}
{{ sql.bound(column) }}
{% endcall %}
{% endfor %}
{% endfilter %}
{% endblock %}

{% block down %}
-- Accepts every ciphertext again.
{% filter alter_table %}
{% for column in columns %}
{{ sql.drop_check(column, column.binding.kind) }}
{% endfor %}
{% endfilter %}
{% endblock %}
