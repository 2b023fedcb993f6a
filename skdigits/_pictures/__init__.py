"""From a picture to digits as rows of MNIST."""
