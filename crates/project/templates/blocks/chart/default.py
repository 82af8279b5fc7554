# What the chart shows stands in its configuration: `chart_type`, `group_by`, `metrics`.
