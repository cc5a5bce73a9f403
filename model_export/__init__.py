"""From labelled pictures to the shipped model: prepare, train, distill, evaluate, export, card.

The only folder that imports PyTorch. Each step is one module with its knobs on top and one command, and `reproduce` is
all of them: see README.md beside this file.
"""
