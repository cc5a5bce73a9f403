"""The page: a Gradio app with a live overlay, and the relay between browser and detector."""
