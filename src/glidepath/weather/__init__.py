"""GraphCast: mesh, graphs, model, normalisation, loss, forcings, data, forecasts, skill."""
