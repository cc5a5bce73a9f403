"""The ONNX classifier and its model files; knows no queue."""
