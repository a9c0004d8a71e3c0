"""One writer per file format. Each takes the same paper and a folder, and gives bytes that say exactly the paper's lines."""
