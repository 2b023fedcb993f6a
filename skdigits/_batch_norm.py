"""Batch normalisation through TensorFlow's fused kernel, which Keras 3 leaves unused.

Keras computes mean, variance and the normalised values in steps of their own, each a pass over the
whole tensor; the fused kernel saves about a sixth of a training step of the compact network.
"""

import keras

from skdigits._compute import fused_batch_norm


@keras.saving.register_keras_serializable("skdigits")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` of images (n, height, width, channels), computed faster.

    Statistics and results are those of Keras' layer to rounding, except that the moving variance
    is of the unbiased estimate. At prediction it is Keras' layer.
    """

    def call(self, inputs, training=None, mask=None):
        if fused_batch_norm is None or not training or len(inputs.shape) != 4:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = fused_batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, batch in [(self.moving_mean, mean), (self.moving_variance, variance)]:
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return outputs
