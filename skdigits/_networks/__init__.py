"""All that knows Keras: how a network is built, trained and asked."""
