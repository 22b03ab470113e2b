	}
{
 * 
*/
end
  x

