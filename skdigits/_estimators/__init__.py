"""What scikit-learn sees: classifiers, the pipeline, the scaling before them."""
