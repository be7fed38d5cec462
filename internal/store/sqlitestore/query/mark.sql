SELECT mark FROM state
