"""Run shipped and exported networks with onnxruntime; imports NumPy alone."""
