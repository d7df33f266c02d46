@"%AIM_COMPAT_PYTHON%" -m aim_compat %*
