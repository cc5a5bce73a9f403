"""From labelled pictures to the shipped model: prepare, train, evaluate, export.

The only folder that imports PyTorch. Each step is one module with its knobs on top and one command::

    python -m model_export.prepare SOURCE
    python -m model_export.train
    python -m model_export.evaluate
    python -m model_export.export
"""
