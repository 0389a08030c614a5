"""The page about a mixture, served on this machine with controls that fit anew.

`gaussmix explore FILE` starts it. Starlette and uvicorn, the extra ``explore``, are imported when it is
served.
"""
