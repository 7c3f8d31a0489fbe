"""The face models: their manifest, the pipeline around them, and the desk that compares visitor and card."""
