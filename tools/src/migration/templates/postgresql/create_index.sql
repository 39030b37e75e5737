{% import "macros" as sql %}
{% block up %}
-- Builds an index without blocking readers or writers of the table.
-- If the build fails, PostgreSQL leaves an INVALID index: drop it before you run this migration again.
{{ sql.create_index(index, unique, true, index_is_tokens) }}
{% endblock %}

{% block down %}
-- Drops the index.
{{ sql.drop_index(index, true) }}
{% endblock %}
