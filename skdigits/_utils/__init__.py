"""What any wing may use: no Keras, no digits."""
