"""Operating: what people do by hand with a deployed organization; the spec stays as it is."""
