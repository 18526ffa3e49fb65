@rem npm passes a signal on to the one process that it starts, so its scripts exec. cmd has no exec: this runs the rest.
@%*
