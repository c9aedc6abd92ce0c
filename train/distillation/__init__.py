"""Cross-modal knowledge distillation: an ECG teacher, a PPG student, and the protocols that judge both.

The method is that of Wei et al., ICASSP 2025 (arXiv 2501.01983).
"""
