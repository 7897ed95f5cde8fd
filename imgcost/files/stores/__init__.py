"""Read images in object stores and on web servers: s3://, gs://, az://, hf:// and https:// URLs.

Nothing goes over the network unless a URL is named. Only the start of each object is read.
"""
