"""Neural speech on ONNX Runtime: Piper's VITS voices, heard before the sentence is done, and Kokoro-82M."""
