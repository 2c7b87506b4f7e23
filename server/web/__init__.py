"""The only place that knows Flask: surfaces, routes, bodies, answers, refusals."""
