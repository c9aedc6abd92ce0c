"""Desktop references: what people would build first, measured as the model that ships is."""
